namespace PolaFormer.Checkpoints.Pickle;

/// <summary>Python's None where it is the key of a dictionary; as a value it is null.</summary>
public sealed class PickledNone
{
    private PickledNone()
    {
    }

    /// <summary>The only one.</summary>
    public static PickledNone Instance { get; } = new();

    /// <summary>As Python writes it.</summary>
    public override string ToString() => "None";
}
