#!/bin/bash
# on_linux.sh PROGRAM ARGUMENTS...: runs it here.
exec "$@"
