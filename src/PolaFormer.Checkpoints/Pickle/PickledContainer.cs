namespace PolaFormer.Checkpoints.Pickle;

/// <summary>Plain data that holds other data. What the Python class was is a name here, never code.</summary>
public abstract class PickledContainer
{
    private protected PickledContainer(string typeName)
    {
        TypeName = typeName;
    }

    /// <summary>The Python type, such as <c>dict</c>, <c>tuple</c> or <c>yacs.config.CfgNode</c>.</summary>
    public string TypeName { get; }

    /// <summary>Levels of containers from here down; 0 before <see cref="PickleGraph"/> has looked, negative while it does.</summary>
    internal int Height { get; set; }

    /// <summary>Values met on a walk from here, shared ones counted each time.</summary>
    internal long Weight { get; set; }

    internal abstract int ChildCount { get; }

    internal abstract object? Child(int index);

    /// <summary>Puts a placeholder where a child is.</summary>
    internal abstract void Replace(int index, object placeholder);
}
