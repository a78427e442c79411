$(call root_task,root invoke mem base format)
