"""A program for the Python that has GStreamer's RTSP server (python3-gi, gir1.2-gst-rtsp-server-1.0): serves a video on loopback.

    python3 rtsp_server.py PORT VIDEO

Whoever connects to rtsp://127.0.0.1:PORT/cage gets the video at its own pace from its first frame on. Without arguments it only tells
whether all that it needs is there.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def serve(port, video):
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f'( filesrc location="{video}" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )')
    server.get_mount_points().add_factory("/cage", factory)
    if not server.attach(None):
        sys.exit(f"port {port} is not free")
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    Gst.init(None)
    missing = [name for name in ("qtdemux", "h264parse", "rtph264pay") if Gst.ElementFactory.find(name) is None]
    if missing:
        sys.exit(f"no {', '.join(missing)}")
    if len(sys.argv) == 3:
        serve(*sys.argv[1:])
