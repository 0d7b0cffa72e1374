"""Changing the curators' files from programs: layout and comments stay, the result is checked before it is written.

render.py   values -> YAML as the curators write it
layout.py   the fewest changes of a file's text that make it say other data
edit.py     the changes staff make: a question more, another answer, a new draft, a test question
files.py    reading, checking the outcome as a whole, writing atomically
"""
