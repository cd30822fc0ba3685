namespace PolaFormer.Tensors.Tests.Memory;

/// <summary>Tests that count the bytes of the whole process run alone.</summary>
[CollectionDefinition(nameof(MemoryCounting), DisableParallelization = true)]
public sealed class MemoryCounting;
