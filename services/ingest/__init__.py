"""Takes mentions in, over HTTP and from files, and puts them on the log; 202 only when they are durable."""
