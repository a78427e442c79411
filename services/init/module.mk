$(call root_task,invoke mem base tree format sysdesc fdt fault proto)
