"""Published files on this machine: fetched once, checked, and kept under the address they came from."""
