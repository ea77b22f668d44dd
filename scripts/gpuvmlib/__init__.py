"""The parts of scripts/gpuvm, one concept a module.

Only the Python standard library of Debian 12 (3.11) is used.

SPDX-License-Identifier: GPL-2.0-or-later
"""
