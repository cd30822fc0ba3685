using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// A device without memory or arithmetic: a pass on it runs the model's own code, checks every shape and counts the
/// multiply-accumulates of matrix products, convolutions and attention. It takes tensors of every device, since it reads none.
/// </summary>
/// <example><code>
/// var meta = new MetaDevice();
/// using (meta.Use()) { model = create(); model.Forward(Tensor.Empty([1, 224, 224, 3])); }
/// Console.WriteLine(meta.MultiplyAccumulates);
/// </code></example>
public sealed unsafe class MetaDevice : Device
{
    /// <summary>Multiply-accumulates of the operators applied so far; a bias, a norm or an activation counts nothing.</summary>
    public long MultiplyAccumulates { get; private set; }

    /// <inheritdoc/>
    public override string Name => "meta";

    internal override Storage Allocate(long bytes) => new ShapeOnlyStorage(this);

    internal override void CopyFromHost(void* source, Storage destination, long offset, long bytes)
    {
    }

    internal override void CopyToHost(Storage source, long offset, void* destination, long bytes) =>
        throw new InvalidOperationException("Tensors of the device meta have shapes and no values. Compute on another device to read them.");

    internal override void Execute(IDeviceCall call) => MultiplyAccumulates += CallDescription.Of(call).MultiplyAccumulates;

    internal override bool Reaches(Device other) => true;

    internal override bool HasKernel(Type call) => true;
}
