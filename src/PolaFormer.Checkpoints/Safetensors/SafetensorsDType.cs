using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Safetensors;

/// <summary>The names safetensors gives to element types.</summary>
internal static class SafetensorsDType
{
    private static readonly (string Name, DType Type)[] s_names =
    [
        ("F64", DType.Float64), ("F32", DType.Float32), ("F16", DType.Float16), ("BF16", DType.BFloat16),
        ("I64", DType.Int64), ("I32", DType.Int32), ("I16", DType.Int16), ("I8", DType.Int8), ("U8", DType.UInt8), ("BOOL", DType.Bool),
    ];

    /// <summary>All names, for messages.</summary>
    public static string All => string.Join(", ", s_names.Select(pair => pair.Name));

    /// <summary>The type of a name, or null.</summary>
    public static DType? Parse(string name)
    {
        foreach ((string known, DType type) in s_names)
            if (known == name)
                return type;
        return null;
    }

    /// <summary>The name of a type.</summary>
    public static string Name(DType type) => s_names.First(pair => pair.Type == type).Name;
}
