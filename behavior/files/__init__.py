"""Between disk and vocabulary: the only room that opens users' files."""
