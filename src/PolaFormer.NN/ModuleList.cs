using System.Collections;
using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>Modules applied one after another, named by their position.</summary>
public sealed class ModuleList<T> : Module, IReadOnlyList<T>
    where T : Module
{
    private readonly List<T> _modules = [];

    /// <summary>Makes the list from modules in order.</summary>
    public ModuleList(IEnumerable<T> modules)
    {
        foreach (T module in modules)
            _modules.Add(AddChild($"{_modules.Count}", module));
    }

    /// <inheritdoc/>
    public int Count => _modules.Count;

    /// <inheritdoc/>
    public T this[int index] => _modules[index];

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => _modules.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        foreach (T module in _modules)
            x = module.Forward(x);
        return x;
    }
}
