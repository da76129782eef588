"""What can be made of one or several tables: parts, other rates and capacities, and several traces joined into one."""
