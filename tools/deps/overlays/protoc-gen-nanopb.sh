#!/bin/bash
# nanopb's generator as a plugin of protoc, run by the Python of @escapement_python.
runfiles=${BASH_SOURCE[0]}.runfiles
exec "$runfiles/escapement_python/launch/python3" "$runfiles/nanopb/python/nanopb_generator.py" --protoc-plugin "$@"
