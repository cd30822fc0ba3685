namespace PolaFormer.Tensors.Tests.Threading;

/// <summary>Tests that set the process-wide number of threads do not run beside others.</summary>
[CollectionDefinition(nameof(WorkersCollection), DisableParallelization = true)]
public class WorkersCollection;
