#!/bin/sh
for program in truncated machine class entry wrapping overlapping script text directory missing; do
  /bad/$program
  echo "$program ended with $?"
done
echo "the system goes on"
exit 7
