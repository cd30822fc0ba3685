namespace PolaFormer.Tensors.Threading;

/// <summary>Work cut into numbered parts; implemented by structs holding pointers and extents.</summary>
internal interface IParallelBody
{
    /// <summary>Does part number <paramref name="part"/>; parts may run in any order and on any thread.</summary>
    void Run(int part);
}
