$(call root_task,invoke mem base format)
