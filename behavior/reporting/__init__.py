"""Results to tables, pages and paragraphs."""
