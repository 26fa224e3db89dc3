"""Everything that needs a GPU, tried on the machine that has one."""
