"""How a step is run: as a process, in a container, in a pod."""
