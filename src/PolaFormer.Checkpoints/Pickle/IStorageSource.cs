using PolaFormer.Checkpoints.IO;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>Finds the storages a pickle mentions by key.</summary>
internal interface IStorageSource
{
    /// <summary>Returns a storage of at least <paramref name="count"/> elements of <paramref name="elementSize"/> bytes.</summary>
    /// <exception cref="CheckpointException">There is none, or it is smaller.</exception>
    TensorStorage Find(string key, int elementSize, long count);
}
