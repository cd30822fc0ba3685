using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>The part of a batch that a thread computes, whose batch norms take the statistics of all parts.</summary>
public static class BatchPart
{
    [ThreadStatic]
    private static IBatchParts? t_current;

    /// <summary>This thread's; null where its batches are whole.</summary>
    public static IBatchParts? Current
    {
        get => t_current;
        set => t_current = value;
    }
}
