namespace PolaFormer.Tensors;

/// <summary>
/// Messages between the devices of several processes. They are done in their order beside the device's requests, and calls return
/// before they are done, as those of a device do.
/// </summary>
public abstract class DeviceLinks : IDisposable
{
    /// <summary>Lets messages from here on wait for the device's requests so far.</summary>
    public abstract void WaitForDevice();

    /// <summary>Lets the device's requests from here on wait for the messages so far.</summary>
    public abstract void LetDeviceWait();

    /// <summary>Sends to a process and receives from the same or another one at a time.</summary>
    /// <param name="to">Process that is sent to.</param>
    /// <param name="sent">Float32 values on the device; null for none.</param>
    /// <param name="from">Process that is received from.</param>
    /// <param name="received">As many on the device as the other one sends; null for none.</param>
    public abstract void Exchange(int to, Tensor? sent, int from, Tensor? received);

    /// <summary>Adds values to sums on the device, in the order of the messages.</summary>
    public abstract void Add(Tensor sums, Tensor values);

    /// <summary>Leaves the others.</summary>
    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    protected virtual void Dispose(bool isDisposing)
    {
    }
}
