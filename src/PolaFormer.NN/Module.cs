using System.Text;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN;

/// <summary>
/// A part of a network: named parameters, buffers and children, in the order of the authors' state dict, and a forward
/// pass from one tensor to one tensor, beside which a type may offer passes of other signatures. Each runs in a memory scope of
/// its own.
/// </summary>
public abstract class Module
{
    [ThreadStatic]
    private static Module? t_running;

    private readonly List<StateEntry> _tensors = [];
    private readonly List<(string Name, Module Module)> _children = [];

    /// <summary>The innermost module whose forward pass runs on this thread; null outside.</summary>
    public static Module? Running => t_running;

    /// <summary>The module this one is part of; null for a whole model.</summary>
    public Module? Parent { get; private set; }

    /// <summary>Name within the parent; empty for a whole model and for an inline part.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Name from the root, dots between: <c>block1.0.attn</c>.</summary>
    public string FullName => Parent is { FullName.Length: > 0 } parent ? Name.Length == 0 ? parent.FullName : $"{parent.FullName}.{Name}" : Name;

    /// <summary>Whether dropout, drop-path and batch statistics are active. Set by <see cref="Train"/> and <see cref="Evaluate"/>.</summary>
    public bool IsTraining { get; private set; }

    /// <summary>Whether <see cref="OptimizeForInference"/> has been called.</summary>
    public bool IsOptimizedForInference { get; private set; }

    /// <summary>
    /// Whether a recorded forward pass keeps its input alone and runs again in the backward pass: less memory for one more
    /// forward pass, the same bits.
    /// </summary>
    public bool IsCheckpointed { get; set; }

    /// <summary>Whether <see cref="Train"/> leaves this module and its parts in evaluation behaviour, as frozen stages and norms that keep their statistics are.</summary>
    public bool StaysInEvaluation { get; set; }

    /// <summary>Direct parts in order.</summary>
    public IReadOnlyList<(string Name, Module Module)> Children => _children;

    /// <summary>Applies the module. Intermediate tensors go back to the pool; the result belongs to the caller's scope.</summary>
    public Tensor Forward(Tensor x) => Call(new Pass(this, null, x), static pass => pass.Module.Run(pass.X), x);

    /// <summary>residual + Forward(x), in one pass where the module can and the tape does not record.</summary>
    public Tensor ForwardOnto(Tensor residual, Tensor x) =>
        Call(new Pass(this, residual, x), static pass => pass.Module.RunOnto(pass.Residual!, pass.X), residual, x);

    /// <summary>Every parameter with its full name, in state-dict order.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> NamedParameters()
    {
        foreach (StateEntry entry in Walk(""))
        {
            if (entry.Tensor is Parameter parameter)
                yield return (entry.Name, parameter);
        }
    }

    /// <summary>Every parameter, in state-dict order.</summary>
    public IEnumerable<Parameter> Parameters() => NamedParameters().Select(entry => entry.Parameter);

    /// <summary>Parameters and buffers by full name, in the order of the authors' state dict.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> StateDict()
    {
        foreach (StateEntry entry in Walk(""))
            yield return (entry.Name, entry.Tensor);
    }

    /// <summary>The entries of <see cref="StateDict"/> with the traits that they were added with.</summary>
    public IEnumerable<StateEntry> State() => Walk("");

    /// <summary>This module and all below it, parents first.</summary>
    public IEnumerable<Module> Modules() => _children.SelectMany(child => child.Module.Modules()).Prepend(this);

    /// <summary>Number of trainable values.</summary>
    public long ParameterCount => Parameters().Sum(parameter => parameter.Count);

    /// <summary>Switches to training behaviour: dropout, drop-path, batch statistics.</summary>
    public void Train() => SetTraining(true);

    /// <summary>Switches to evaluation behaviour.</summary>
    public void Evaluate() => SetTraining(false);

    /// <summary>
    /// Makes this a module for inference alone: batch norms and scalings are folded into the layers before them, weights laid
    /// out for the fastest products and their plain memory given back. It cannot be trained, saved or read afterwards.
    /// Not to be called while another thread uses the module.
    /// </summary>
    public void OptimizeForInference()
    {
        if (IsOptimizedForInference)
            return;
        Evaluate();
        IsOptimizedForInference = true;
        OnOptimizeForInference();
        foreach ((_, Module module) in _children)
            module.OptimizeForInference();
    }

    /// <summary>Where the parameters lie and the module computes; the default device for a module without any.</summary>
    public Device Device => Parameters().FirstOrDefault()?.Device ?? Device.Default;

    /// <summary>
    /// Moves parameters, their gradients and buffers to another device, where the module then computes. They stay the same objects.
    /// </summary>
    /// <exception cref="InvalidOperationException">The module is optimised for inference, so its weights have the layout of their device; nothing has been moved.</exception>
    public void To(Device device)
    {
        if (IsOptimizedForInference)
            throw new InvalidOperationException("The model is optimised for inference on its device. Move it before OptimizeForInference().");
        foreach ((_, Tensor tensor) in StateDict())
            tensor.MoveTo(device);
    }

    /// <summary>Fills every parameter from its distribution. The values depend on the seed and the parameters' names only.</summary>
    public void Initialize(ulong seed)
    {
        foreach ((string name, Parameter parameter) in NamedParameters())
            parameter.Initializer.Fill(parameter, seed, HashOf(name));
    }

    /// <summary>Discards all gradients.</summary>
    public void ZeroGrad()
    {
        foreach (StateEntry entry in _tensors)
            entry.Tensor.ZeroGrad();
        foreach ((_, Module module) in _children)
            module.ZeroGrad();
    }

    /// <summary>
    /// Runs a forward pass of any signature as this module's: under its name, in a memory scope of its own and, where it is
    /// checkpointed, again in the backward pass. Whatever a module offers beside <see cref="Forward"/> goes through here.
    /// </summary>
    /// <param name="inputs">What the pass reads, the module included.</param>
    /// <param name="run">The pass.</param>
    /// <param name="kept">The tensors among the inputs, whose memory a checkpointed module needs for the second run.</param>
    /// <example><code>
    /// public Tensor Forward(Tensor x, Tensor mask) => Call((Module: this, x, mask), static call => call.Module.Run(call.x, call.mask), x, mask);
    /// </code></example>
    protected Tensor Call<TInputs>(TInputs inputs, Func<TInputs, Tensor> run, params ReadOnlySpan<Tensor?> kept)
    {
        Module? caller = t_running;
        t_running = this;
        try
        {
            using var scope = MemoryScope.Enter();

            // A pass that calls another pass of the same module is one pass.
            bool isCheckpointed = IsCheckpointed && caller != this && Tape.Current is not null;
            return scope.Return(isCheckpointed ? RunCheckpointed(inputs, run, kept) : run(inputs));
        }
        finally
        {
            t_running = caller;
        }
    }

    /// <summary>Runs a forward pass of several results; see <see cref="Call{TInputs}(TInputs, Func{TInputs, Tensor}, ReadOnlySpan{Tensor?})"/>.</summary>
    /// <param name="inputs">What the pass reads, the module included.</param>
    /// <param name="run">The pass.</param>
    /// <param name="kept">The tensors among the inputs, whose memory a checkpointed module needs for the second run.</param>
    protected Tensor[] CallForSeveral<TInputs>(TInputs inputs, Func<TInputs, Tensor[]> run, params ReadOnlySpan<Tensor?> kept)
    {
        Module? caller = t_running;
        t_running = this;
        try
        {
            using var scope = MemoryScope.Enter();
            bool isCheckpointed = IsCheckpointed && caller != this && Tape.Current is not null;
            Tensor[] results = isCheckpointed ? RunCheckpointed(inputs, run, kept) : run(inputs);
            foreach (Tensor result in results)
                scope.Return(result);
            return results;
        }
        finally
        {
            t_running = caller;
        }
    }

    /// <summary>The forward pass.</summary>
    protected abstract Tensor Run(Tensor x);

    /// <summary>What <see cref="ForwardOnto"/> does; modules that end in a layer which can add override it.</summary>
    protected virtual Tensor RunOnto(Tensor residual, Tensor x) => residual + Run(x);

    /// <summary>Prepares this module's own parameters for inference alone; its parts follow.</summary>
    protected virtual void OnOptimizeForInference()
    {
    }

    /// <summary>Adds a trainable tensor.</summary>
    protected Parameter AddParameter(string name, Shape shape, Initializer initializer, StateTraits traits = StateTraits.None)
    {
        var parameter = new Parameter(shape, initializer);
        _tensors.Add(new StateEntry(name, parameter, traits));
        return parameter;
    }

    /// <summary>Adds a constant or statistic that is saved with the parameters but not trained.</summary>
    protected Tensor AddBuffer(string name, Tensor values, StateTraits traits = StateTraits.None)
    {
        _tensors.Add(new StateEntry(name, values, traits));
        return values;
    }

    /// <summary>Adds a part.</summary>
    protected T AddChild<T>(string name, T module)
        where T : Module
    {
        _children.Add((name, module));
        module.Parent = this;
        module.Name = name;
        return module;
    }

    /// <summary>
    /// Adds a part without a name of its own: its tensors are among this module's in the state dict, its parts in its place
    /// among this module's.
    /// </summary>
    protected T AddInline<T>(T module)
        where T : Module => AddChild("", module);

    /// <summary>Puts another part in the place of an existing one.</summary>
    protected T ReplaceChild<T>(string name, T module)
        where T : Module
    {
        int index = _children.FindIndex(child => child.Name == name);
        _children[index] = (name, module);
        module.Parent = this;
        module.Name = name;
        module.SetTraining(IsTraining);
        return module;
    }

    /// <summary>A 64-bit hash of a name (FNV-1a): the random stream of what bears it.</summary>
    protected internal static ulong HashOf(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
            hash = (hash ^ b) * 0x100000001B3;
        return hash;
    }

    private Tensor RunCheckpointed<TInputs>(TInputs inputs, Func<TInputs, Tensor> run, ReadOnlySpan<Tensor?> kept)
    {
        RandomStep step = RandomStep.Current;
        return Tape.Recompute(
            () =>
            {
                (Module? caller, RandomStep current) = (t_running, RandomStep.Current);
                (t_running, RandomStep.Current) = (this, step);
                try
                {
                    return run(inputs);
                }
                finally
                {
                    (t_running, RandomStep.Current) = (caller, current);
                }
            },
            kept);
    }

    // An operator on the tape has one result: several results are one tensor, end to end.
    private Tensor[] RunCheckpointed<TInputs>(TInputs inputs, Func<TInputs, Tensor[]> run, ReadOnlySpan<Tensor?> kept)
    {
        Shape[] shapes = [];
        Tensor joined = RunCheckpointed(
            inputs,
            given =>
            {
                Tensor[] results = run(given);
                shapes = [.. results.Select(result => result.Shape)];
                return Tensor.Concat(0, [.. results.Select(result => result.Reshape(-1))]);
            },
            kept);
        var parts = new Tensor[shapes.Length];
        for (int i = 0, start = 0; i < parts.Length; i++)
        {
            int length = checked((int)shapes[i].Count);
            parts[i] = joined.Slice(0, start, length).Reshape(shapes[i]);
            start += length;
        }

        return parts;
    }

    private void SetTraining(bool isTraining)
    {
        if (isTraining && IsOptimizedForInference)
            throw new InvalidOperationException("The model is optimised for inference. Load it again to train it.");
        IsTraining = isTraining && !StaysInEvaluation;
        foreach ((_, Module module) in _children)
            module.SetTraining(IsTraining);
    }

    private IEnumerable<StateEntry> Walk(string prefix)
    {
        foreach (StateEntry entry in OwnTensors().OrderBy(entry => entry.Tensor is Parameter ? 0 : 1))
            yield return entry with { Name = prefix + entry.Name };
        foreach (StateEntry entry in WalkChildren(prefix))
            yield return entry;
    }

    private IEnumerable<StateEntry> OwnTensors() =>
        _tensors.Concat(_children.Where(child => child.Name.Length == 0).SelectMany(child => child.Module.OwnTensors()));

    private IEnumerable<StateEntry> WalkChildren(string prefix) => _children.SelectMany(child =>
        child.Name.Length == 0 ? child.Module.WalkChildren(prefix) : child.Module.Walk($"{prefix}{child.Name}."));

    // Not a tuple: code for types of our own is compiled ahead of time.
    private readonly record struct Pass(Module Module, Tensor? Residual, Tensor X);
}
