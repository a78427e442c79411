$(call root_task,root invoke mem base tree format sysdesc fdt fault proto)
