"""The containments, a file each; every file holds an ``ACTION`` (or several ``ACTIONS`` of one kind).

A new one is a file here and nothing else: ``response.registry`` finds it.
"""
