// Large models should not be alive at the same time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
