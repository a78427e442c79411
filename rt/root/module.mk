$(call lib,base format)
$(call skip,host asan fuzz linux kernel boot)
