#!/bin/sh
# What udhcpc calls for each event ($1) with what the server said in variables. The lease goes to the interface and, as one
# line, to the file that the lab names: address, bits of the network, router, name server; `-` for what is not offered.
case "$1" in
deconfig)
    ip address flush dev "$interface"
    ;;
bound | renew)
    ip address replace "$ip/$mask" dev "$interface"
    echo "$ip $mask ${router:--} ${dns:--}" >"$LAB_LEASE"
    ;;
esac
exit 0
