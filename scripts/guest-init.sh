#!/bin/sh
# Process 1 of a user-mode-linux guest. scripts/guest.mjs starts it with $lvsd_guest (through the kernel command line)
# naming a directory on the host that holds `environment` (shell assignments, $checkout among them) and `command`, and
# that receives `stdout`, `stderr` and `status`. The root is the host's own file system: everything written outside the
# tmpfs mounts below is written on the host.

exec </dev/null
if [ -z "$lvsd_console" ]; then exec >>"$lvsd_guest/stdout" 2>>"$lvsd_guest/stderr"; fi
# Open before /tmp is covered: the directory usually lies there.
exec 7>>"$lvsd_guest/status"
. "$lvsd_guest/environment"
command=$(cat "$lvsd_guest/command")
# A plain user's PATH on the host may lack the administration commands.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock /run/checkout /run/guest/lib/modules /dev/pts /dev/shm
[ -L /var/run ] || mount --bind /run /var/run
mount --bind "$checkout" /run/checkout
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /tmp/home "$checkout"
mount --move /run/checkout "$checkout"
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr

# The host's /lib/modules need not exist and must not change, so modules are found under /run/guest: by the kernel's
# own requests through the helper (ipvsadm and iptables use it too), by modprobe on a command line through the variable.
release=$(cat /proc/sys/kernel/osrelease)
ln -s "/usr/lib/uml/modules/$release" "/run/guest/lib/modules/$release"
export MODPROBE_OPTIONS='-d /run/guest'
export LVSD_MODULES_DIR=/run/guest/lib/modules
cat >/run/guest/modprobe <<HELPER
#!/bin/sh
exec /sbin/modprobe $MODPROBE_OPTIONS "\$@"
HELPER
chmod +x /run/guest/modprobe
echo /run/guest/modprobe >/proc/sys/kernel/modprobe

echo guest >/proc/sys/kernel/hostname
ip link set lo up
modprobe ip_vs
unset lvsd_guest uml_dir mem release

export HOME=/tmp/home
cd "$checkout" || exit
if [ -n "$lvsd_console" ]; then
  setsid -c sh -c "$command" </dev/tty0 >/dev/tty0 2>&1 7>&-
else
  sh -c "$command" 7>&-
fi
echo $? >&7
sync
echo o >/proc/sysrq-trigger
exec sleep 60
