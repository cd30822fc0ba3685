using System.Collections.Frozen;

namespace PolaFormer.Checkpoints;

/// <summary>What follows from the names in a state dict: the name below the wrappers of saving, and whether a tensor is learned.</summary>
internal static class ParameterNames
{
    /// <summary>
    /// Names under which a wrapper (distributed or sharded training, compilation, recomputation, trainers, averages of weights,
    /// teacher and student) keeps the network as a part of its own.
    /// </summary>
    private static readonly FrozenSet<string> s_wrappers = FrozenSet.ToFrozenSet(
    [
        "module", "_orig_mod", "_module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module",
        "model", "net", "network", "backbone", "encoder", "base_model", "base_encoder", "momentum_encoder",
        "student", "teacher", "online_model", "ema", "ema_model", "model_ema", "averaged_model",
    ]);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> s_wrapperLookup = s_wrappers.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The name without the segments that wrappers add, wherever they stand; the last segment is the parameter's own.</summary>
    public static string Unwrap(string name)
    {
        int kept = 0;
        Span<char> buffer = name.Length <= 512 ? stackalloc char[name.Length] : new char[name.Length];
        for (int start = 0, end; start < name.Length; start = end + 1)
        {
            end = name.IndexOf('.', start);
            bool isLast = end < 0;
            if (isLast)
                end = name.Length;
            if (!isLast && s_wrapperLookup.Contains(name.AsSpan(start, end - start)))
                continue;
            ReadOnlySpan<char> segment = name.AsSpan(start, (isLast ? end : end + 1) - start);
            segment.CopyTo(buffer[kept..]);
            kept += segment.Length;
        }

        return kept == name.Length ? name : buffer[..kept].ToString();
    }

    /// <summary>Whether a tensor that no part of a network takes may be skipped: a constant, or a counter of training, profiling or averaging.</summary>
    public static bool IsByproduct(string name, long elements) =>
        Last(name) is "relative_position_index" or "relative_coords_table" or "attn_mask" or "num_batches_tracked" or "angle"
        || elements <= 1 && Last(name) is "total_ops" or "total_params" or "n_averaged" or "num_updates" or "initted" or "step" or "decay";

    /// <summary>Whether a tensor holds variances, which are never negative.</summary>
    public static bool IsVariance(string name) => Last(name) is "running_var";

    private static ReadOnlySpan<char> Last(string name) => name.AsSpan(name.LastIndexOf('.') + 1);
}
