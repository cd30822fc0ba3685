using System.Collections.Frozen;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>The names a checkpoint may mention: everything else is refused before it is looked at further.</summary>
internal static class AllowedNames
{
    private static readonly FrozenDictionary<string, PickledType> s_names = All().ToFrozenDictionary(type => type.Name);

    /// <summary>The meaning of a name, or null where it is not allowed.</summary>
    public static PickledType? Find(string module, string name) => s_names.GetValueOrDefault($"{module}.{name}");

    /// <summary>Whether objects of a type keep their state as entries.</summary>
    public static bool IsNamespace(string typeName) => s_names.GetValueOrDefault(typeName)?.Kind == AllowedKind.Attributes;

    /// <summary>Why a name is refused, as the end of a sentence that begins with it.</summary>
    public static string Refusal(string module, string name) => (module, name) switch
    {
        ("torch", _) when name.EndsWith("Storage", StringComparison.Ordinal) => "holds elements of a type that is not read here. Convert the tensors to a float or integer type before saving.",
        ("torch.storage", "_load_from_bytes") => "is not allowed in a checkpoint: it would run a pickle hidden in another one. Save the state dict with torch.save alone.",
        _ => "is not allowed in a checkpoint: only tensors and plain data are read, for anything else could run code. If you trust the file, load it in PyTorch and save the model's state_dict() instead of the object.",
    };

    private static IEnumerable<PickledType> All()
    {
        yield return new("collections.OrderedDict", AllowedKind.Dictionary);
        yield return new("collections.Counter", AllowedKind.Dictionary);
        yield return new("collections.defaultdict", AllowedKind.Dictionary);
        yield return new("yacs.config.CfgNode", AllowedKind.Dictionary);
        yield return new("argparse.Namespace", AllowedKind.Attributes);
        yield return new("types.SimpleNamespace", AllowedKind.Attributes);

        // Python 2 and pickles below protocol 3 call the module of built-in names __builtin__.
        foreach (string module in (string[])["builtins", "__builtin__"])
        {
            yield return new($"{module}.dict", AllowedKind.Dictionary);
            foreach (string name in (string[])["set", "frozenset", "list", "tuple"])
                yield return new($"{module}.{name}", AllowedKind.Sequence);
            foreach (string name in (string[])["bytes", "bytearray", "complex", "slice", "range", "xrange"])
                yield return new($"{module}.{name}", AllowedKind.Arguments);
            foreach (string name in (string[])["object", "bool", "int", "long", "float", "str", "unicode", "NoneType"])
                yield return new($"{module}.{name}", AllowedKind.Name);
        }

        foreach (string name in (string[])["PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath"])
            yield return new($"pathlib.{name}", AllowedKind.Arguments);
        yield return new("_codecs.encode", AllowedKind.Encode);
        yield return new("copy_reg._reconstructor", AllowedKind.Reconstruct);
        yield return new("copyreg._reconstructor", AllowedKind.Reconstruct);

        yield return new("torch._utils._rebuild_tensor", AllowedKind.RebuildTensor);
        yield return new("torch._utils._rebuild_tensor_v2", AllowedKind.RebuildTensor);
        yield return new("torch._utils._rebuild_parameter", AllowedKind.RebuildParameter);
        yield return new("torch._utils._rebuild_parameter_with_state", AllowedKind.RebuildParameter);
        yield return new("torch.Size", AllowedKind.Sequence);
        yield return new("torch.device", AllowedKind.Arguments);
        foreach (string name in (string[])["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"])
            yield return new($"torch.{name}", AllowedKind.Name);

        foreach ((string name, DType element) in ((string, DType)[])
                 [
                     ("Float", DType.Float32), ("Double", DType.Float64), ("Half", DType.Float16), ("BFloat16", DType.BFloat16),
                     ("Long", DType.Int64), ("Int", DType.Int32), ("Short", DType.Int16), ("Char", DType.Int8),
                     ("Byte", DType.UInt8), ("Bool", DType.Bool),
                 ])
            yield return new($"torch.{name}Storage", AllowedKind.Storage, element);

        yield return new("numpy.dtype", AllowedKind.NumpyDType);
        foreach (string core in (string[])["core", "_core"])
        {
            yield return new($"numpy.{core}.multiarray.scalar", AllowedKind.NumpyScalar);
            yield return new($"numpy.{core}.multiarray._reconstruct", AllowedKind.Arguments);
        }
        yield return new("numpy.ndarray", AllowedKind.Name);
    }
}
