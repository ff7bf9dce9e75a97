#!/bin/sh
# Whatever /proc shows, it shows no address of the kernel's half, in hexadecimal or decimal.
b=/bin/busybox
hexadecimal='(^|[^0-9a-f])ffff[89a-f][0-9a-f]{11}'
decimal='(^|[^0-9])1844(66|67)[0-9]{14}'
addresses() { $b grep -aE "$hexadecimal|$decimal" "$@" | $b grep -vwE 'f{16}|18446744073709551615'; }

# The patterns themselves: of the kernel's image, and of the direct map.
for sample in ffffffff80109000 18446603336221196288; do
  echo "at $sample" > /tmp/sample
  addresses /tmp/sample > /dev/null || exit 2
done

$b find /proc -type f > /tmp/names
while read -r name; do
  echo "== $name"
  $b cat "$name"
done < /tmp/names > /tmp/all 2>&1
$b grep -q 'partition main' /tmp/all || exit 3
if addresses /tmp/all; then exit 1; fi
echo "no address of the kernel in $($b wc -l < /tmp/names) files"
