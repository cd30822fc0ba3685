namespace PolaFormer.Tensors;

/// <summary>
/// A request to a device: the operands of one computation, its name, what it reads and writes, and how the processor does it.
/// A struct declared by the operator that makes it; <see cref="Device.Run"/> is the one way to a device.
/// </summary>
internal interface IDeviceCall
{
    /// <summary>Name in profiles and messages, with the function where it takes one.</summary>
    string Name { get; }

    /// <summary>Adds every operand and result, and the multiply-accumulates of the formula.</summary>
    void Describe(ref CallDescription call);

    /// <summary>Computes on the processor: passes pointers and extents to the kernel.</summary>
    void OnCpu();
}
