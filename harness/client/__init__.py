"""The end user's side of the wire: operations of the service, and its event stream with the time of every arrival.

Here: HTTP. Not here: how to read what came (protocols/), what to do next (scenarios/).
"""
