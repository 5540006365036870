"""Tables of the classifier; README.md beside this file names their sources and licences."""
