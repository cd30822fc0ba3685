using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>A Python type or function a pickle names, such as <c>torch.float32</c>; only its name is known.</summary>
public sealed class PickledType
{
    internal PickledType(string name, AllowedKind kind, DType? element = null)
    {
        Name = name;
        Kind = kind;
        Element = element;
        ElementSize = element?.Size() ?? 0;
    }

    /// <summary>The full name.</summary>
    public string Name { get; }

    /// <summary>The name values of the type bear: without its module where it is built in.</summary>
    internal string TypeName => Name[(Name.StartsWith("builtins.", StringComparison.Ordinal) || Name.StartsWith("__builtin__.", StringComparison.Ordinal) ? Name.IndexOf('.') + 1 : 0)..];

    /// <summary>What calling it stands for.</summary>
    internal AllowedKind Kind { get; }

    /// <summary>The type of the elements where it is a storage of a type that is read.</summary>
    internal DType? Element { get; }

    /// <summary>Bytes of an element where it is a storage.</summary>
    internal int ElementSize { get; init; }

    /// <summary>The full name.</summary>
    public override string ToString() => Name;
}
