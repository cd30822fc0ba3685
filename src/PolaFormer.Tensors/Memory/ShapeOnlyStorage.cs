namespace PolaFormer.Tensors.Memory;

/// <summary>No memory: stands behind tensors of devices on which they have shapes alone.</summary>
internal sealed class ShapeOnlyStorage : Storage
{
    public ShapeOnlyStorage(Device device)
        : base(device)
    {
        HandToCollector();
        GC.SuppressFinalize(this);
    }

    public override bool IsAlive => false;

    protected override void Free(bool isWantedAgain)
    {
    }
}
