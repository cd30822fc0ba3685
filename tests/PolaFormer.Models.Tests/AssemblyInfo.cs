// Memory is counted for the whole process, and large models should not be alive at the same time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
