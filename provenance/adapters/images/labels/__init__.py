"""XMP properties put into the bytes of a finished file. No pixel is decoded, and no other byte of the file changes.

One module a container, each with a function `write(data, relabel)`; `relabel` answers the packet that belongs there.
"""
