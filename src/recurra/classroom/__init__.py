"""What a class needs: runs of many in one table, a kit, whether a machine is ready."""
