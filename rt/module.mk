$(call lib,invoke mem base format shmq proto)
$(call skip,host asan fuzz linux kernel boot)
