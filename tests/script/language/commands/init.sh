#!/bin/sh
# SPDX-License-Identifier: MIT
# For commands_are_run_by_a_shell.pkt.
sysctl -q net.ipv4.tcp_synack_retries=3
