$(call lib,base)
$(call skip,host asan fuzz linux kernel boot)
