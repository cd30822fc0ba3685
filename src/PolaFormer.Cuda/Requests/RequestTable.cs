using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Cuda.Requests;

/// <summary>Which kernels carry out which request: the one list of what runs on a GPU.</summary>
internal sealed class RequestTable
{
    private readonly Dictionary<Type, Action<KernelContext, IDeviceCall>> _launches = [];

    private RequestTable()
    {
        CopyRequests.AddTo(this);
        ElementwiseRequests.AddTo(this);
        ColumnRequests.AddTo(this);
        ReductionRequests.AddTo(this);
        TableRequests.AddTo(this);
        NormalizationRequests.AddTo(this);
        OptimizerRequests.AddTo(this);
        ProductRequests.AddTo(this);
        ConvolutionRequests.AddTo(this);
        DepthwiseRequests.AddTo(this);
        ImageRequests.AddTo(this);
        AttentionRequests.AddTo(this);
        CounterRequests.AddTo(this);
        DetectionRequests.AddTo(this);
    }

    /// <summary>The table.</summary>
    public static RequestTable Default { get; } = new();

    /// <summary>Types of the requests that have kernels.</summary>
    public IReadOnlyCollection<Type> Types => _launches.Keys;

    /// <summary>Whether a type of request has kernels.</summary>
    public bool Has(Type call) => _launches.ContainsKey(call);

    /// <summary>Adds a type of request.</summary>
    public void Add<TCall>(Action<KernelContext, TCall> launch)
        where TCall : struct, IDeviceCall => _launches.Add(typeof(TCall), (context, call) => launch(context, (TCall)call));

    /// <summary>Starts the kernels of a request whose operands have been checked.</summary>
    /// <exception cref="CudaException">There are none.</exception>
    public void Run(KernelContext context, IDeviceCall call)
    {
        if (!_launches.TryGetValue(call.GetType(), out Action<KernelContext, IDeviceCall>? launch))
            throw new CudaException($"There is no CUDA kernel for {call.Name}. Use --device cpu for networks that need it.");
        using MemoryScope scope = MemoryScope.Enter();
        launch(context, call);
    }
}
