$(call lib)
$(call skip,host asan fuzz linux kernel)
