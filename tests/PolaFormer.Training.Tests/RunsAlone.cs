namespace PolaFormer.Training.Tests;

/// <summary>Tests that count the process's memory or change its threads, and so run while no other does.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
