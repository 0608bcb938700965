"""Where runs are computed (cores, CUDA, Dask), and how no run is computed twice. An edit here trains nothing."""
