$(call tool,base tree sysdesc shmq,-lfdt -lsodium)
