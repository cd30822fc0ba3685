using System.Globalization;
using System.Numerics;
using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Files;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>Rewrites a checkpoint in another format or precision.</summary>
public static class CheckpointConverter
{
    /// <summary>
    /// Converts a checkpoint. The state dict keeps its order; of what lies beside it, plain values are kept and everything
    /// that holds tensors (the optimizer) or is no plain data is dropped. Safetensors holds strings only: numbers become text, lists and dictionaries are dropped.
    /// </summary>
    /// <param name="input">Any readable checkpoint.</param>
    /// <param name="output">Ends in <c>.safetensors</c>, or in <c>.pth</c> or <c>.pt</c> for PyTorch's format.</param>
    /// <param name="floatType">The type all real tensors are converted to, or null to keep each one's; integers stay as they are.</param>
    /// <param name="options">Which state dict to take.</param>
    /// <exception cref="ArgumentException"><paramref name="floatType"/> does not hold real numbers.</exception>
    /// <exception cref="FileException">A file cannot be read or written, or the output would replace the input, a link or a read-only file.</exception>
    /// <exception cref="CheckpointException">The input is no checkpoint or damaged, or a value does not fit into the type.</exception>
    public static void Convert(string input, string output, DType? floatType = null, CheckpointOptions? options = null)
    {
        bool safetensors = Path.GetExtension(output).ToLowerInvariant() switch
        {
            ".safetensors" => true,
            ".pth" or ".pt" => false,
            _ => throw new CheckpointException(output, "the extension tells no format. Use .safetensors, .pth or .pt."),
        };
        OutputFile.Check(output, input);
        OutputFile.RemoveLeftovers(Path.GetDirectoryName(Path.GetFullPath(output))!);
        using Checkpoint checkpoint = Checkpoint.Open(input, options);
        IEnumerable<CheckpointTensor> tensors = checkpoint.Entries.Select(entry => new CheckpointTensor(entry));
        if (floatType is { } type)
            tensors = tensors.Select(tensor => tensor.ConvertFloats(type));

        if (safetensors)
            SafetensorsWriter.Write(output, tensors, Strings(checkpoint.Metadata));
        else
            TorchWriter.Write(output, tensors, checkpoint.Metadata.Where(entry => entry.Value is not PickledDictionary { IsUnread: true } && !HoldsTensors(entry.Value) && entry.Key != "model"));
    }

    private static IEnumerable<KeyValuePair<string, string>> Strings(IReadOnlyDictionary<string, object?> metadata)
    {
        if (!metadata.ContainsKey("format"))
            yield return KeyValuePair.Create("format", "pt");   // what PyTorch's loaders look for
        foreach ((string key, object? value) in metadata)
            if (value is string or bool or long or double or BigInteger)
                yield return KeyValuePair.Create(key, System.Convert.ToString(value, CultureInfo.InvariantCulture)!);
    }

    /// <summary>The recursion ends: the reader bounds the depth of what it returns.</summary>
    private static bool HoldsTensors(object? value) => value switch
    {
        StoredTensor => true,
        PickledDictionary dictionary => dictionary.Values.Any(HoldsTensors),
        PickledList list => list.Any(HoldsTensors),
        _ => false,
    };
}
