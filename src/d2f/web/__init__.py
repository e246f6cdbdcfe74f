"""The web door: a page that holds a lens, and the HTTP API that it uses.

In: photos and settings over HTTP; docs/http-api.md tells the routes.
Out: pictures, maps and settings files, the same bytes as from the command line.

The server (`app`, `guard`, `photos`) never decodes a photo: that is done by worker processes
(`workers`, `worker`, `work`), which may die without taking anything with them.
"""
